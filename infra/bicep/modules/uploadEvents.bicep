metadata description = 'Events of the data account, and their way into a storage queue where the app cannot be called from outside.'

import { assignment, roleIds, roleNames } from 'roles.bicep'
import { deliverySchema, retryPolicy, subscriptionName, uploadFilter } from 'uploadFilter.bicep'

@description('Azure region of the data account.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the system topic.')
param topicName string

@description('Account whose blobs raise the events.')
param dataAccountName string

@description('Account with the queue and with the container of dead letters.')
param opsAccountName string

@description('Queue that takes the events.')
param queueName string

@description('Container of undeliverable events.')
param deadLetterContainer string = 'dead-letters'

@description('Deliver to the queue. Otherwise a webhook subscribes after the app is there (webhook.bicep).')
param useQueue bool

@description('Make the role assignments. Otherwise an administrator makes those that the output tells.')
param assignRoles bool

resource dataAccount 'Microsoft.Storage/storageAccounts@2025-08-01' existing = {
  name: dataAccountName
}

resource opsAccount 'Microsoft.Storage/storageAccounts@2025-08-01' existing = {
  name: opsAccountName

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource letters 'containers' existing = {
      name: deadLetterContainer
    }
  }

  resource queues 'queueServices' existing = {
    name: 'default'

    resource uploads 'queues' existing = {
      name: queueName
    }
  }
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: topicName
  location: location
  tags: tags
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    source: dataAccount.id
    topicType: 'Microsoft.Storage.StorageAccounts'
  }
}

resource mayWriteLetters 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (assignRoles) {
  name: guid(opsAccount::blobs::letters.id, topic.id, roleIds.storageBlobDataContributor)
  scope: opsAccount::blobs::letters
  properties: {
    principalId: topic.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roleIds.storageBlobDataContributor
    )
  }
}

resource maySend 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (assignRoles && useQueue) {
  name: guid(opsAccount::queues::uploads.id, topic.id, roleIds.storageQueueDataMessageSender)
  scope: opsAccount::queues::uploads
  properties: {
    principalId: topic.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roleIds.storageQueueDataMessageSender
    )
  }
}

resource subscription 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = if (useQueue) {
  parent: topic
  name: subscriptionName
  properties: {
    eventDeliverySchema: deliverySchema
    deliveryWithResourceIdentity: {
      identity: {
        type: 'SystemAssigned'
      }
      destination: {
        endpointType: 'StorageQueue'
        properties: {
          resourceId: opsAccount.id
          queueName: queueName
          queueMessageTimeToLiveInSeconds: 604800
        }
      }
    }
    deadLetterWithResourceIdentity: {
      identity: {
        type: 'SystemAssigned'
      }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          resourceId: opsAccount.id
          blobContainerName: deadLetterContainer
        }
      }
    }
    filter: uploadFilter
    retryPolicy: retryPolicy
  }
  dependsOn: [
    maySend
    mayWriteLetters
  ]
}

@description('Name of the system topic.')
output topicName string = topic.name

@description('Principal id of the identity that delivers events.')
output principalId string = topic.identity.principalId

var letterAssignment = {
  principalId: topic.identity.principalId
  principalType: 'ServicePrincipal'
  roleId: roleIds.storageBlobDataContributor
  role: roleNames[roleIds.storageBlobDataContributor]
  scope: opsAccount::blobs::letters.id
  why: 'events of uploads that cannot be delivered are kept'
}

var queueAssignment = {
  principalId: topic.identity.principalId
  principalType: 'ServicePrincipal'
  roleId: roleIds.storageQueueDataMessageSender
  role: roleNames[roleIds.storageQueueDataMessageSender]
  scope: opsAccount::queues::uploads.id
  why: 'uploads reach the queue, and so start jobs'
}

@description('The roles that deliver events, made or not.')
output assignments assignment[] = useQueue ? [letterAssignment, queueAssignment] : [letterAssignment]
